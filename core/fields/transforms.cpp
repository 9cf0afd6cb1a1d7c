#include "core/fields/transforms.hpp"

#include <algorithm>
#include <array>
#include <memory_resource>
#include <new>

#include <fftw3.h>

#include "core/fields/aligned.hpp"

namespace steward::core {

namespace {

fftw_complex *complex(double *numbers) noexcept {
    return reinterpret_cast<fftw_complex *>(numbers);
}

void *plan(std::size_t length, double *from, double *to, int direction) {
    void *const made =
        fftw_plan_dft_1d(static_cast<int>(length), complex(from), complex(to), direction, FFTW_ESTIMATE);
    if (made == nullptr)
        throw std::bad_alloc();
    return made;
}

void execute(void *plan, double *from, double *to) noexcept {
    fftw_execute_dft(static_cast<fftw_plan>(plan), complex(from), complex(to));
}

} // namespace

const Transforms &Transforms::of(std::size_t length) {
    static std::array<Transforms, kept> all;
    static unsigned long long uses = 0;
    auto found = std::ranges::find(all, length, &Transforms::length_);
    if (found == all.end()) {
        found = std::ranges::min_element(all, {}, &Transforms::used_);
        found->make(length);
    }
    found->used_ = ++uses;
    return *found;
}

void Transforms::make(std::size_t length) {
    clear();
    fftw_forget_wisdom(); // of others in this process, which would choose for us
    AlignedDoubles from(2 * length, std::pmr::new_delete_resource());
    AlignedDoubles to(2 * length, std::pmr::new_delete_resource());
    forward_ = plan(length, from.data(), to.data(), FFTW_FORWARD);
    backward_ = plan(length, from.data(), to.data(), FFTW_BACKWARD);
    length_ = length;
}

void Transforms::clear() noexcept {
    length_ = 0;
    used_ = 0;
    for (void **const plan : {&forward_, &backward_}) {
        if (*plan != nullptr)
            fftw_destroy_plan(static_cast<fftw_plan>(*plan));
        *plan = nullptr;
    }
}

void Transforms::forward(double *from, double *to) const noexcept {
    execute(forward_, from, to);
}

void Transforms::backward(double *from, double *to) const noexcept {
    execute(backward_, from, to);
}

const char *transforms_version() noexcept {
    return fftw_version;
}

} // namespace steward::core
