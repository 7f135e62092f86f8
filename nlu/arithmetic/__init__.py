"""Sees to it that this processor computes right, and fast."""
