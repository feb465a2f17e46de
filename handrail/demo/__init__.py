"""A living demonstration programme: two organisations, eighteen months of believable work. All of it is invented."""
