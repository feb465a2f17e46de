"""What people look at: the staff console, public pages."""
