// Processors with AVX-512: since Skylake's servers and Zen 4.
#include "core/fields/kernels.hpp"

#if defined(__x86_64__)

#define STEWARD_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,fma")))
#define STEWARD_WIDTH 8
#define STEWARD_NAME "avx512"
#include "core/fields/kernels_body.hpp"

namespace steward::core {

const FieldKernels *avx512_field_kernels() noexcept {
    bool const is_there = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
    return is_there ? &kernels_of_width : nullptr;
}

} // namespace steward::core

#else

namespace steward::core {

const FieldKernels *avx512_field_kernels() noexcept {
    return nullptr;
}

} // namespace steward::core

#endif
