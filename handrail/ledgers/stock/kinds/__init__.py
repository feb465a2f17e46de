"""What happens to stock besides being handed out."""
