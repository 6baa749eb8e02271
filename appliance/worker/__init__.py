"""The sealed process of one session: it answers the broker's calls and runs the pipeline."""
