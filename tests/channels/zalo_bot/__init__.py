"""The channel for Zalo's Bot Platform against its stand-in."""
