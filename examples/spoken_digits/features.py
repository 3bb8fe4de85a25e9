"""One second of 8 kHz speech -> log-mel features, as the device computes them.

49 frames of 256 samples, 160 apart; Hann window; power spectrum; 24 triangular mel bands from 60 Hz
to 3800 Hz; natural logarithm of the band's energy plus a floor, in float32. Samples count as int16.
"""

from __future__ import annotations

import numpy as np

RATE_HZ, FRAME, HOP, FRAMES, BANDS = 8000, 256, 160, 49, 24
LOW_HZ, HIGH_HZ = 60.0, 3800.0
FLOOR = 1e4
"""Energy added to every band: about that of the quietest recordings' noise, so that silence is not amplified."""


def mel(hertz: np.ndarray | float) -> np.ndarray:
    return 2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0)


def mel_weights() -> np.ndarray:
    """float32 (129 spectrum bins, 24 bands): triangles that overlap by half, peak 1."""
    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), BANDS + 2)
    bins = mel(np.arange(FRAME // 2 + 1) * RATE_HZ / FRAME)
    rise = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rise, fall)).astype(np.float32)


def log_mel(audio: np.ndarray) -> np.ndarray:
    """float32 (count, 49, 24) of int16 audio (count, 8000)."""
    starts = np.arange(FRAMES) * HOP
    window = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)
    weights, found = mel_weights(), []
    for recording in audio:
        frames = recording[starts[:, None] + np.arange(FRAME)].astype(np.float32) * window
        power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        found.append(np.log(power @ weights + FLOOR))
    return np.stack(found).astype(np.float32)
