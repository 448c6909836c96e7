"""The application manifest: what a vendor writes to sell an application, and everything that follows from it alone."""
