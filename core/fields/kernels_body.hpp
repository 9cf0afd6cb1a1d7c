// The inner loops of the solvers as vectors of STEWARD_WIDTH doubles, each function STEWARD_TARGET: to be
// included once by a file that has defined both.
#pragma once

#include <cstdint>
#include <cstring>
#include <numbers>
#include <utility>

#include "core/fields/kernels.hpp"

#define STEWARD_INLINE STEWARD_TARGET inline __attribute__((always_inline))

// NOLINTBEGIN(misc-definitions-in-headers): each file that includes it has its own.
namespace steward::core {

namespace {

constexpr std::size_t width = STEWARD_WIDTH;
using Doubles = double __attribute__((vector_size(width * sizeof(double))));
using Bits = std::int64_t __attribute__((vector_size(width * sizeof(double))));

STEWARD_INLINE Doubles load(const double *from) noexcept {
    Doubles vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
}

STEWARD_INLINE void store(double *to, Doubles vector) noexcept {
    std::memcpy(to, &vector, sizeof vector);
}

STEWARD_INLINE Doubles all_of(double value) noexcept {
    return Doubles{} + value;
}

template <std::size_t... lane>
STEWARD_INLINE Doubles swapped(Doubles v, std::index_sequence<lane...>) noexcept {
    return __builtin_shufflevector(v, v, static_cast<int>(lane ^ 1)...);
}
template <std::size_t... lane>
STEWARD_INLINE Doubles evens(Doubles v, std::index_sequence<lane...>) noexcept {
    return __builtin_shufflevector(v, v, static_cast<int>(lane & ~std::size_t{1})...);
}
template <std::size_t... lane> STEWARD_INLINE Doubles odds(Doubles v, std::index_sequence<lane...>) noexcept {
    return __builtin_shufflevector(v, v, static_cast<int>(lane | 1)...);
}
using Lanes = std::make_index_sequence<width>;

/// (even, odd, even, odd, ...)
template <std::size_t... lane>
STEWARD_INLINE Doubles alternating(double even, double odd, std::index_sequence<lane...>) noexcept {
    return Doubles{(lane % 2 == 0 ? even : odd)...};
}

/// Products of complex numbers whose parts stand in turns.
STEWARD_INLINE Doubles product(Doubles a, Doubles b) noexcept {
    Doubles const turned = swapped(b, Lanes{}) * alternating(-1, 1, Lanes{});
    return evens(a, Lanes{}) * b + odds(a, Lanes{}) * turned;
}

STEWARD_TARGET void react(double *row, std::size_t values, double c3, double scale) noexcept {
    Doubles const turn = alternating(c3, -c3, Lanes{});
    for (std::size_t i = 0; i < values; i += width) {
        Doubles const a = load(row + i) * scale;
        Doubles const squares = a * a;
        Doubles const amplitude = squares + swapped(squares, Lanes{});
        store(row + i, -amplitude * (a + turn * swapped(a, Lanes{})));
    }
}

STEWARD_TARGET void advance(double *n, double *carried, const double *tables, std::size_t values) noexcept {
    for (std::size_t i = 0; i < values; i += width) {
        Doubles const reaction = load(n + i);
        Doubles const h = load(carried + i) + product(load(tables + values + i), reaction);
        store(n + i, h);
        store(carried + i, product(load(tables + i), h) + product(load(tables + 2 * values + i), reaction));
    }
}

struct Circle {
    Doubles sine;
    Doubles cosine;
};

STEWARD_INLINE Doubles chosen(Bits mask, Doubles yes, Doubles no) noexcept {
    return reinterpret_cast<Doubles>((mask & reinterpret_cast<Bits>(yes)) |
                                     (~mask & reinterpret_cast<Bits>(no)));
}

/// A quarter turn in three parts, the first two with bits to spare (Cody and Waite): exact for angles
/// below a million.
constexpr double quarter_high = 0x1.921fb544p+0;
constexpr double quarter_middle = 0x1.0b4611a6p-34;
constexpr double quarter_low = 0x1.3198a2e037073p-69;
/// Added and taken away again, it rounds to a whole number, whose lowest bits stand in its own lowest bits.
constexpr double rounding = 0x1.8p52;

/// Taylor's series up to where the rest is below 1e-17, of angles within an eighth of a turn.
STEWARD_INLINE Circle circle(Doubles angle) noexcept {
    Doubles const shifted = angle * (2 / std::numbers::pi) + rounding;
    Doubles const quarters = shifted - rounding;
    Doubles const x =
        ((angle - quarters * quarter_high) - quarters * quarter_middle) - quarters * quarter_low;
    Doubles const s = x * x;
    constexpr double f2 = 2, f3 = 6, f4 = 24, f5 = 120, f6 = 720, f7 = 5040, f8 = 40320, f9 = 362880,
                     f10 = 3628800, f11 = 39916800, f12 = 479001600, f13 = 6227020800, f14 = 87178291200,
                     f15 = 1307674368000, f16 = 20922789888000, f17 = 355687428096000;
    Doubles sine = s * (1 / f17) + (-1 / f15);
    sine = s * sine + 1 / f13;
    sine = s * sine + -1 / f11;
    sine = s * sine + 1 / f9;
    sine = s * sine + -1 / f7;
    sine = s * sine + 1 / f5;
    sine = s * sine + -1 / f3;
    sine = x + x * (s * sine);
    Doubles cosine = s * (1 / f16) + (-1 / f14);
    cosine = s * cosine + 1 / f12;
    cosine = s * cosine + -1 / f10;
    cosine = s * cosine + 1 / f8;
    cosine = s * cosine + -1 / f6;
    cosine = s * cosine + 1 / f4;
    cosine = s * cosine + -1 / f2;
    cosine = 1 + s * cosine;
    Bits const quadrant = reinterpret_cast<Bits>(shifted);
    Bits const is_odd = -(quadrant & 1);
    Doubles const of_sine = chosen(is_odd, cosine, sine);
    Doubles const of_cosine = chosen(is_odd, sine, cosine);
    return {reinterpret_cast<Doubles>(reinterpret_cast<Bits>(of_sine) ^ ((quadrant & 2) << 62)),
            reinterpret_cast<Doubles>(reinterpret_cast<Bits>(of_cosine) ^ (((quadrant + 1) & 2) << 62))};
}

struct Sums {
    Doubles cosine{};
    Doubles sine{};
};

STEWARD_INLINE CircleSums total(const Sums &sums) noexcept {
    CircleSums all{0, 0};
    for (std::size_t lane = 0; lane < width; ++lane) {
        all.cosine += sums.cosine[lane];
        all.sine += sums.sine[lane];
    }
    return all;
}

/// Keeps the point of each phase on the circle; those that only pad are not summed.
STEWARD_INLINE void keep(const OscillatorArrays &all, std::size_t i, Doubles angle, Sums &sums) noexcept {
    Circle const at = circle(angle);
    store(all.sine + i, at.sine);
    store(all.cosine + i, at.cosine);
    if (i + width <= all.size) [[likely]] {
        sums.cosine += at.cosine;
        sums.sine += at.sine;
    } else {
        for (std::size_t lane = 0; i + lane < all.size; ++lane) {
            sums.cosine[lane] += at.cosine[lane];
            sums.sine[lane] += at.sine[lane];
        }
    }
}

STEWARD_INLINE Doubles rate(const OscillatorArrays &all, std::size_t i,
                            const OscillatorStage &stage) noexcept {
    return load(all.omega + i) +
           (stage.pull_sine * load(all.cosine + i) - stage.pull_cosine * load(all.sine + i));
}

STEWARD_TARGET CircleSums begin(const OscillatorArrays &all) noexcept {
    Sums sums;
    for (std::size_t i = 0; i < all.size; i += width)
        keep(all, i, load(all.theta + i), sums);
    return total(sums);
}

STEWARD_TARGET CircleSums stage(const OscillatorArrays &all, const OscillatorStage &stage,
                                bool first) noexcept {
    Sums sums;
    double const before = first ? 0 : 1;
    for (std::size_t i = 0; i < all.size; i += width) {
        Doubles const now = rate(all, i, stage);
        store(all.rates + i, before * load(all.rates + i) + stage.weight * now);
        keep(all, i, load(all.theta + i) + stage.ahead * now, sums);
    }
    return total(sums);
}

STEWARD_TARGET CircleSums finish(const OscillatorArrays &all, const OscillatorStage &stage) noexcept {
    Sums sums;
    for (std::size_t i = 0; i < all.size; i += width) {
        Doubles const rates = load(all.rates + i) + stage.weight * rate(all, i, stage);
        Doubles const theta = load(all.theta + i) + stage.ahead * rates;
        Doubles const turns = (theta * (0.5 / std::numbers::pi) + rounding) - rounding;
        Doubles const within =
            ((theta - turns * (4 * quarter_high)) - turns * (4 * quarter_middle)) - turns * (4 * quarter_low);
        store(all.theta + i, within);
        keep(all, i, within, sums);
    }
    return total(sums);
}

constexpr FieldKernels kernels_of_width{STEWARD_NAME, react, advance, begin, stage, finish};

} // namespace

} // namespace steward::core
// NOLINTEND(misc-definitions-in-headers)
