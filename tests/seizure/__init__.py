"""The seizure drill: people who do not exist go through every screen, the server is killed, and everything that is left is searched."""
