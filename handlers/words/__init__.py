"""What the bot says: one file per feature, Chinese and English side by side."""
