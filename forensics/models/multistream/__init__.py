"""Multi-stream networks: one convolutional encoder a stream, fused by level, one decoder."""
