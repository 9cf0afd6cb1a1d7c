// Processors with AVX2 and FMA: since Haswell and Zen.
#include "core/fields/kernels.hpp"

#if defined(__x86_64__)

#define STEWARD_TARGET __attribute__((target("avx2,fma")))
#define STEWARD_WIDTH 4
#define STEWARD_NAME "avx2"
#include "core/fields/kernels_body.hpp"

namespace steward::core {

const FieldKernels *avx2_field_kernels() noexcept {
    bool const is_there = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return is_there ? &kernels_of_width : nullptr;
}

} // namespace steward::core

#else

namespace steward::core {

const FieldKernels *avx2_field_kernels() noexcept {
    return nullptr;
}

} // namespace steward::core

#endif
