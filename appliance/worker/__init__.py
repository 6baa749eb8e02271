"""The sealed process of one session: messages in, the pipeline, messages out."""
