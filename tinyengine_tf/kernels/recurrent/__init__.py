"""Layers that remember: LSTM, SVDF."""
