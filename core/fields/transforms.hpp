// Fourier transforms of the rows and columns of a field, by FFTW.
#pragma once

#include <cstddef>

namespace steward::core {

/// Transforms of one length: so many complex numbers, one after the other, from one place to another one,
/// both of which stand as AlignedDoubles do, or a multiple of 64 bytes on. Backwards they are not divided by
/// the length.
class Transforms {
  public:
    /// Those of this length. The last few lengths are kept; the result lives until as many others were asked
    /// for. The same ones are chosen in every process of a machine: by an estimate, never by a measurement.
    /// Throws std::bad_alloc.
    static const Transforms &of(std::size_t length);

    void forward(double *from, double *to) const noexcept;
    void backward(double *from, double *to) const noexcept;

    /// How many lengths are kept.
    static constexpr std::size_t kept = 8;

    Transforms() = default;
    Transforms(const Transforms &) = delete;
    Transforms &operator=(const Transforms &) = delete;
    ~Transforms() { clear(); }

  private:
    void make(std::size_t length);
    void clear() noexcept;

    std::size_t length_ = 0; ///< 0: none yet
    unsigned long long used_ = 0;
    void *forward_ = nullptr;
    void *backward_ = nullptr;
};

/// The version of the library, as it names itself.
const char *transforms_version() noexcept;

} // namespace steward::core
