#include "core/vector/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/vector/metric.hpp"

namespace steward::core {
namespace {

std::vector<const Kernels *> all_kernels() {
    std::vector<const Kernels *> all{&portable_kernels()};
    for (const Kernels *const each : {avx2_kernels(), avx512_kernels()})
        if (each != nullptr)
            all.push_back(each);
    return all;
}

std::vector<float> floats(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float &value : values)
        value = normal(random);
    return values;
}

TEST(VectorKernels, OfFloatsAreRightForEveryNumberOfDimensions) {
    for (const Kernels *const kernel : all_kernels())
        for (std::size_t n : {1U, 2U, 3U, 7U, 8U, 15U, 16U, 17U, 31U, 32U, 33U, 100U, 384U, 1000U}) {
            std::vector<float> const a = floats(n, 1);
            std::vector<float> const b = floats(n, 2);
            double product = 0;
            double squares = 0;
            for (std::size_t i = 0; i < n; ++i) {
                product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
                squares += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
            }
            EXPECT_NEAR(kernel->dot(a.data(), b.data(), n), product, 1e-4 * std::sqrt(n))
                << kernel->name << ' ' << n;
            EXPECT_NEAR(kernel->squared_distance(a.data(), b.data(), n), squares, 1e-5 * squares + 1e-6)
                << kernel->name << ' ' << n;
        }
}

TEST(VectorKernels, OfBlocksAreThoseOfTheirLanes) {
    for (const Kernels *const kernel : all_kernels())
        for (std::size_t n : {1U, 3U, 4U, 5U, 100U}) {
            std::vector<float> const vector = floats(n, 3);
            std::vector<float> const block = floats(n * lanes, 4);
            std::vector<float> products(lanes);
            kernel->dot_block(vector.data(), block.data(), n, products.data());
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                float expected = 0;
                for (std::size_t i = 0; i < n; ++i)
                    expected += vector[i] * block[i * lanes + lane];
                EXPECT_NEAR(products[lane], expected, 1e-4F) << kernel->name;
            }
        }
}

TEST(VectorKernels, OfFourVectorsAreThoseOfEach) {
    for (const Kernels *const kernel : all_kernels())
        for (std::size_t n : {1U, 2U, 3U, 100U}) {
            std::vector<float> const vectors = floats(4 * n, 6);
            std::vector<float> const block = floats(n * lanes, 7);
            std::vector<float> four(4 * lanes);
            kernel->dot_block4(vectors.data(), block.data(), n, four.data());
            for (std::size_t i = 0; i < 4; ++i) {
                float one[lanes];
                portable_kernels().dot_block(vectors.data() + i * n, block.data(), n, one);
                for (std::size_t lane = 0; lane < lanes; ++lane)
                    EXPECT_NEAR(four[i * lanes + lane], one[lane], 1e-4F) << kernel->name;
            }
        }
}

TEST(VectorKernels, TellWhichLanesAreNearer) {
    std::vector<std::int32_t> sums;
    for (std::size_t lane = 0; lane < lanes; ++lane)
        sums.push_back(static_cast<std::int32_t>(lane * 10));
    std::vector<float> const scales(lanes, 2);
    std::vector<float> squares(lanes);
    squares[15] = 1000;
    for (const Kernels *const kernel : all_kernels()) {
        float nearness[lanes];
        // 2 * (sum / 2 - 25) > 51: sums above 101
        EXPECT_EQ(kernel->nearer(sums.data(), scales.data(), nullptr, {0.5F, -25}, 51, nearness),
                  0xf800U & 0xffffU)
            << kernel->name;
        EXPECT_EQ(kernel->nearer(sums.data(), scales.data(), squares.data(), {0.5F, -25}, 51, nearness),
                  0x7800U)
            << kernel->name;
        EXPECT_FLOAT_EQ(nearness[15], 100 - 1000);
    }
}

TEST(VectorKernels, OfCodesAreEqualToTheBit) {
    std::mt19937 random(5);
    for (std::size_t groups : {0U, 1U, 2U, 3U, 13U, 48U, 2000U}) {
        std::vector<std::uint8_t> codes(groups * group_bytes);
        std::vector<std::int8_t> query(groups * 32);
        for (std::uint8_t &code : codes)
            code = groups == 3 ? 255 : static_cast<std::uint8_t>(random());
        for (std::int8_t &level : query)
            level = groups == 3 ? -127 : static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
        std::int32_t one[lanes];
        std::int32_t four[lanes];
        std::int32_t eight[lanes];
        portable_kernels().scan1(codes.data(), query.data(), groups, one);
        portable_kernels().scan4(codes.data(), query.data(), groups, four);
        portable_kernels().scan8(codes.data(), query.data(), groups, eight);
        for (const Kernels *const kernel : all_kernels()) {
            std::int32_t sums[lanes];
            kernel->scan1(codes.data(), query.data(), groups, sums);
            EXPECT_TRUE(std::equal(sums, sums + lanes, one)) << kernel->name << ' ' << groups;
            kernel->scan4(codes.data(), query.data(), groups, sums);
            EXPECT_TRUE(std::equal(sums, sums + lanes, four)) << kernel->name << ' ' << groups;
            kernel->scan8(codes.data(), query.data(), groups, sums);
            EXPECT_TRUE(std::equal(sums, sums + lanes, eight)) << kernel->name << ' ' << groups;
        }
    }
}

TEST(VectorKernels, AreTheFastestThatThereAre) {
    EXPECT_EQ(&kernels(), all_kernels().back());
}

TEST(Metric, IsRightAlsoForVectorsTooLongOrTooShortForTheirSquares) {
    std::vector<float> const a{3, 4};
    std::vector<float> const b{4, 3};
    EXPECT_NEAR(distance(Metric::l2, a.data(), b.data(), 2), std::sqrt(2.0), 1e-7);
    EXPECT_NEAR(distance(Metric::inner_product, a.data(), b.data(), 2), -24, 1e-6);
    EXPECT_NEAR(distance(Metric::cosine, a.data(), b.data(), 2), 1 - 24.0 / 25, 1e-7);
    for (float const scale : {1e-30F, 1e30F}) {
        std::vector<float> const far{3 * scale, 4 * scale};
        EXPECT_NEAR(distance(Metric::cosine, far.data(), b.data(), 2), 1 - 24.0 / 25, 1e-7) << scale;
        std::vector<float> const origin{0, 0};
        EXPECT_NEAR(distance(Metric::l2, far.data(), origin.data(), 2) / static_cast<double>(scale), 5, 1e-6)
            << scale;
    }
    std::vector<float> const longest{3e30F, 4e30F};
    EXPECT_NEAR(distance(Metric::inner_product, longest.data(), longest.data(), 2), -25e60, 1e54);
    {}
    std::vector<float> const none{0, 0};
    EXPECT_TRUE(std::isnan(distance(Metric::cosine, none.data(), b.data(), 2)));
    std::vector<float> same{1, 1};
    EXPECT_EQ(distance(Metric::cosine, same.data(), same.data(), 2), 0);
    EXPECT_NEAR(normalize(same.data(), 2), std::sqrt(2.0F), 1e-6F);
    EXPECT_NEAR(same[0], std::sqrt(0.5F), 1e-6F);
}

} // namespace
} // namespace steward::core
