"""Platform <-> Message and Reply, and nothing else."""
