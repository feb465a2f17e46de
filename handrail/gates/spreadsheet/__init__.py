"""A programme's own spreadsheet, saved as CSV: read it, map its headings, show what is wrong, record what is right."""
