"""Outside formats: one folder or file each, which builds, reads and checks that format. They record through the one door."""
