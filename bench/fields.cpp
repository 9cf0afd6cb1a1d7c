// What a step of each solver costs, beside the two transforms alone: processor time, so that who else is on
// the machine counts less. Usage: fields step SIZE STEPS                 microseconds of a step, and of two
// transforms by a measured plan
//        fields start SIZE SEED FILE            a field of noise
//        fields solve SIZE STEPS FROM TO        what becomes of it
//        fields oscillators SIZE STEPS          microseconds of a step
//        fields versions -                      of FFTW, and which kernels
#include "core/fields/cgl.hpp"
#include "core/fields/kernels.hpp"
#include "core/fields/kuramoto.hpp"
#include "core/fields/transforms.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory_resource>
#include <string>
#include <vector>

#include <fftw3.h>

using namespace steward::core;

namespace {

double seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Microseconds of one of so many.
template <class Run> double each(int times, Run run) {
    double const begun = seconds();
    for (int i = 0; i < times; ++i)
        run();
    return (seconds() - begun) / times * 1e6;
}

/// There and back by the plans that FFTW measures to be the fastest ones, in place or out of place.
double transforms_alone(int side, int times) {
    std::size_t const points = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    fftw_complex *const a = fftw_alloc_complex(points);
    fftw_complex *const b = fftw_alloc_complex(points);
    double best = 1e30;
    for (fftw_complex *const to : {a, b}) {
        fftw_plan const forward = fftw_plan_dft_2d(side, side, a, to, FFTW_FORWARD, FFTW_MEASURE);
        fftw_plan const backward = fftw_plan_dft_2d(side, side, to, a, FFTW_BACKWARD, FFTW_MEASURE);
        std::memset(a, 0, points * sizeof *a);
        std::memset(b, 0, points * sizeof *b);
        for (int part = 0; part < 5; ++part)
            best = std::min(best, each(std::max(times / 5, 1), [&] {
                                fftw_execute(forward);
                                fftw_execute(backward);
                            }));
        fftw_destroy_plan(forward);
        fftw_destroy_plan(backward);
    }
    fftw_free(a);
    fftw_free(b);
    return best;
}

/// The best of five, as the transforms alone have it.
double step_of(int side, int times) {
    CglField field(static_cast<std::size_t>(side), {}, std::pmr::new_delete_resource(), Stop{});
    field.draw(1);
    double best = 1e30;
    int const steps = std::max(times / 5, 1);
    for (int part = 0; part < 5; ++part)
        best = std::min(best, each(1, [&] { field.advance(static_cast<std::uint64_t>(steps)); }) / steps);
    return best;
}

double oscillators(int size, int times) {
    Oscillators all(static_cast<std::size_t>(size), {.coupling = 2, .dt = 0.01},
                    std::pmr::new_delete_resource(), Stop{});
    all.draw(1);
    double best = 1e30;
    int const steps = std::max(times / 5, 1);
    for (int part = 0; part < 5; ++part)
        best = std::min(best, each(1, [&] { all.advance(static_cast<std::uint64_t>(steps)); }) / steps);
    return best;
}

using Numbers = std::vector<double>;

void write(const char *name, const Numbers &real, const Numbers &imaginary) {
    std::FILE *const file = std::fopen(name, "wb");
    bool const is_written =
        file != nullptr && std::fwrite(real.data(), sizeof(double), real.size(), file) == real.size() &&
        std::fwrite(imaginary.data(), sizeof(double), imaginary.size(), file) == imaginary.size();
    if (!is_written || std::fclose(file) != 0)
        std::exit(1);
}

void read(const char *name, Numbers &real, Numbers &imaginary) {
    std::FILE *const file = std::fopen(name, "rb");
    if (file == nullptr || std::fread(real.data(), sizeof(double), real.size(), file) != real.size() ||
        std::fread(imaginary.data(), sizeof(double), imaginary.size(), file) != imaginary.size())
        std::exit(1);
    std::fclose(file);
}

} // namespace

int main(int count, char **arguments) {
    std::string const what = count > 2 ? arguments[1] : "";
    int const size = count > 2 ? std::atoi(arguments[2]) : 0;
    if (what == "step" && count == 4) {
        int const times = std::atoi(arguments[3]);
        double const step = step_of(size, times);
        std::printf("%.3f %.3f\n", step, transforms_alone(size, times));
    } else if (what == "oscillators" && count == 4) {
        std::printf("%.4f\n", oscillators(size, std::atoi(arguments[3])));
    } else if ((what == "start" && count == 5) || (what == "solve" && count == 6)) {
        CglField field(static_cast<std::size_t>(size), {}, std::pmr::new_delete_resource(), Stop{});
        Numbers real(field.side() * field.side());
        Numbers imaginary(real.size());
        if (what == "start") {
            field.draw(std::atoll(arguments[3]));
        } else {
            read(arguments[4], real, imaginary);
            field.set(real, imaginary);
            field.advance(static_cast<std::uint64_t>(std::atoi(arguments[3])));
        }
        field.get(real, imaginary);
        write(arguments[what == "start" ? 4 : 5], real, imaginary);
    } else if (what == "versions") {
        std::printf("%s, kernels %s\n", transforms_version(), field_kernels().name);
    } else {
        return 2;
    }
    return 0;
}
