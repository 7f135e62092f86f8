"""What everything else speaks of; imports nothing of ours."""
