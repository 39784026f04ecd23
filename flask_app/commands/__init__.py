"""What manager.py offers: a module for each group of commands. Nothing else imports this room."""
