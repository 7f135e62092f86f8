"""What the editors' pages keep: accounts, drafts, reviews, publications. A database of its own."""
