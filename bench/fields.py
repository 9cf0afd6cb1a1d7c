#!/usr/bin/env python3
"""The peers of the solvers: SciPy's transforms with ETD2, NumPy with the mean field, one thread, processor time.

Usage: fields.py versions
       fields.py step SIZE STEPS             microseconds of a step
       fields.py oscillators SIZE STEPS      microseconds of a step, by complex exponentials and by sines and cosines
       fields.py compare SIZE STEPS FROM TO  how far TO is from what SciPy makes of FROM
"""
import sys
import time

import numpy as np
import scipy
import scipy.fft


class Field:
    """The equation of steward.cgl_solve with its default parameters, by the formulae of Cox and Matthews 2002."""

    def __init__(self, a, c1=0.0, c3=-1.5, length=100.0, dt=0.05):
        k = 2 * np.pi * np.fft.fftfreq(len(a), length / len(a))
        linear = 1 - (1 + 1j * c1) * (k[:, None] ** 2 + k[None, :] ** 2)
        z = linear * dt
        # Near zero the differences lose digits: by the mean over a circle around it (Kassam and Trefethen 2005).
        circle = z[..., None] + np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
        self.e = np.exp(z)
        self.f = dt * ((np.exp(circle) - 1) / circle).mean(axis=-1)
        self.g = dt * ((np.exp(circle) - 1 - circle) / circle ** 2).mean(axis=-1)
        self.c3 = c3
        self.spectrum = scipy.fft.fft2(a)
        self.before = None

    def advance(self, steps):
        for _ in range(steps):
            a = scipy.fft.ifft2(self.spectrum, overwrite_x=False)
            now = scipy.fft.fft2(-(1 - 1j * self.c3) * (a.real ** 2 + a.imag ** 2) * a, overwrite_x=True)
            before = now if self.before is None else self.before
            self.spectrum = self.e * self.spectrum + self.f * now + self.g * (now - before)
            self.before = now
        return scipy.fft.ifft2(self.spectrum)


def oscillators(size, steps, by_exponential, dt=0.01, coupling=2.0):
    """The mean field as the mean of exp(i theta), or of sines and cosines that serve twice."""
    random = np.random.default_rng(1)
    omega, theta = random.standard_cauchy(size) / 2, random.uniform(-np.pi, np.pi, size)

    def rate(at):
        if by_exponential:
            z = np.exp(1j * at).mean()
            return omega + coupling * (z.imag * np.cos(at) - z.real * np.sin(at))
        sine, cosine = np.sin(at), np.cos(at)
        return omega + coupling * (sine.mean() * cosine - cosine.mean() * sine)

    begun = time.process_time()
    for _ in range(steps):
        k1 = rate(theta)
        k2 = rate(theta + dt / 2 * k1)
        k3 = rate(theta + dt / 2 * k2)
        k4 = rate(theta + dt * k3)
        theta = theta + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return (time.process_time() - begun) / steps * 1e6


def read(name, size):
    real, imaginary = np.fromfile(name).reshape(2, size, size)
    return real + 1j * imaginary


def main():
    what = sys.argv[1]
    if what == "versions":
        print(f"NumPy {np.__version__}, SciPy {scipy.__version__}")
        return
    size, steps = int(sys.argv[2]), int(sys.argv[3])
    if what == "compare":
        print(f"{np.abs(Field(read(sys.argv[4], size)).advance(steps) - read(sys.argv[5], size)).max():.3g}")
    elif what == "oscillators":
        print(*(f"{min(oscillators(size, max(steps // 5, 1), form) for _ in range(5)):.4f}" for form in (True, False)))
    else:
        random = np.random.default_rng(1)
        field = Field(0.01 * (random.standard_normal((size, size)) + 1j * random.standard_normal((size, size))))
        best = float("inf")
        for _ in range(5):
            begun = time.process_time()
            field.advance(max(steps // 5, 1))
            best = min(best, (time.process_time() - begun) / max(steps // 5, 1) * 1e6)
        print(f"{best:.3f}")


main()
