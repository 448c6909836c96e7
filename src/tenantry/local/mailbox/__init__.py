"""A mailbox for one machine: takes every mail that the stack sends and shows it on a page."""
