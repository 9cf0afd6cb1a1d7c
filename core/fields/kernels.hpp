// The inner loops of the solvers: chosen for the processor once.
#pragma once

#include <cstddef>

namespace steward::core {

/// Kernels take so many doubles at a time, or a multiple of it.
inline constexpr std::size_t padded = 8;

/// What one stage of a step does to oscillators. A rate is `omega + pull_sine * cosine - pull_cosine * sine`.
struct OscillatorStage {
    double pull_cosine; ///< coupling times the mean of the cosines
    double pull_sine;   ///< coupling times the mean of the sines
    double ahead;       ///< how far along its rate an oscillator is looked at next
    double weight;      ///< of this rate in the step
};

/// Numbers of each oscillator, in arrays of one length that is a multiple of `padded`.
struct OscillatorArrays {
    double *theta; ///< phase at the start of the step
    double *omega; ///< natural frequency
    double *sine;  ///< of the phase where the oscillator is looked at
    double *cosine;
    double *rates;    ///< sum of the weighted rates of the stages so far
    std::size_t size; ///< without what was padded
};

struct CircleSums {
    double cosine;
    double sine;
};

struct FieldKernels {
    const char *name;

    /// Real and imaginary parts in turns: a becomes -(1 - i c3) |a|^2 a, where a is `scale` times what is
    /// there.
    void (*react)(double *row, std::size_t values, double c3, double scale) noexcept;

    /// One column of the spectrum, n the transform of what react() has made:
    /// h = carried + p n; carried = e h + q n; n = h. `tables` holds e, p and q of the column, one after the
    /// other.
    void (*advance)(double *n, double *carried, const double *tables, std::size_t values) noexcept;

    /// Sine and cosine of phases, and their sums.
    CircleSums (*begin)(const OscillatorArrays &all) noexcept;
    /// One of the first three stages; `first` has the sum of rates begin anew.
    CircleSums (*stage)(const OscillatorArrays &all, const OscillatorStage &stage, bool first) noexcept;
    /// The last one: phases go along the sum of rates, `ahead` times, and stay within one turn.
    CircleSums (*finish)(const OscillatorArrays &all, const OscillatorStage &stage) noexcept;
};

/// For any processor.
const FieldKernels &portable_field_kernels() noexcept;
/// For those that have AVX2 and FMA, or AVX-512; null if this one has not.
const FieldKernels *avx2_field_kernels() noexcept;
const FieldKernels *avx512_field_kernels() noexcept;

/// The fastest that this processor can run.
const FieldKernels &field_kernels() noexcept;

} // namespace steward::core
