"""The brain: a REST API and supervisors over rows; it decides what is made where, and sees to it that it is."""
