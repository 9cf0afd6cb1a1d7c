#define STEWARD_TARGET
#define STEWARD_WIDTH 2
#define STEWARD_NAME "portable"
#include "core/fields/kernels_body.hpp"

namespace steward::core {

const FieldKernels &portable_field_kernels() noexcept {
    return kernels_of_width;
}

const FieldKernels &field_kernels() noexcept {
    static const FieldKernels &fastest = []() -> const FieldKernels & {
        if (const FieldKernels *const widest = avx512_field_kernels(); widest != nullptr)
            return *widest;
        const FieldKernels *const wide = avx2_field_kernels();
        return wide != nullptr ? *wide : portable_field_kernels();
    }();
    return fastest;
}

} // namespace steward::core
