"""When to answer: confidence, risk at coverage, calibration, and thresholds that keep a promise."""
