#include "core/vector/codes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "core/vector/centroids.hpp"
#include "core/vector/codebook.hpp"
#include "core/vector/rotation.hpp"

namespace steward::core {
namespace {

std::vector<float> direction(std::size_t dimensions, std::mt19937 &random) {
    std::normal_distribution<float> normal;
    std::vector<float> values(dimensions);
    for (float &value : values)
        value = normal(random);
    normalize(values.data(), dimensions);
    return values;
}

float product(const std::vector<float> &a, const std::vector<float> &b) {
    return kernels().dot(a.data(), b.data(), a.size());
}

TEST(Rotation, KeepsLengthsAndAngles) {
    std::mt19937 random(1);
    for (std::size_t n : {1U, 2U, 3U, 5U, 64U, 100U, 384U, 1000U}) {
        Rotation const rotation(n, 7);
        std::vector<float> a = direction(n, random);
        std::vector<float> b = direction(n, random);
        float const before = product(a, b);
        rotation.apply(a.data());
        rotation.apply(b.data());
        EXPECT_NEAR(product(a, a), 1, 1e-4) << n;
        EXPECT_NEAR(product(a, b), before, 1e-4) << n;
    }
}

TEST(Rotation, SpreadsWhatIsInOneDimension) {
    for (std::size_t n : {64U, 100U, 384U})
        for (std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
            std::vector<float> one(n);
            one[at] = 1;
            Rotation(n, 7).apply(one.data());
            float longest = 0;
            for (float const value : one)
                longest = std::max(longest, std::abs(value));
            EXPECT_LT(longest, 6 / std::sqrt(static_cast<float>(n))) << n << ' ' << at;
        }
}

/// How far products by codes are from the true ones, and how far in the mean.
struct Error {
    double deviation;
    double bias;
};

Error error_of(CodeFormat format) {
    std::mt19937 random(3);
    std::vector<std::uint8_t> groups(format.groups() * group_bytes);
    Error error{};
    constexpr int rounds = 40;
    for (int round = 0; round < rounds; ++round) {
        std::vector<float> const query = direction(format.dimensions, random);
        CodedQuery const coded(format, query.data());
        std::vector<std::vector<float>> vectors;
        Code code;
        std::vector<float> scales;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            vectors.push_back(direction(format.dimensions, random));
            encode(format, vectors.back().data(), code);
            put_lane(groups.data(), lane, code.words);
            scales.push_back(code.scale);
        }
        std::int32_t sums[lanes];
        coded.scan(groups.data(), 0, format.groups(), sums);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            auto const difference =
                static_cast<double>(coded.product(sums[lane], scales[lane]) - product(query, vectors[lane]));
            error.deviation += difference * difference;
            error.bias += difference;
        }
    }
    error.deviation = std::sqrt(error.deviation / (rounds * lanes));
    error.bias /= rounds * lanes;
    return error;
}

TEST(Codes, GiveProductsThatAreNearAndRightInTheMean) {
    for (std::size_t n : {100U, 384U}) {
        auto const unit =
            1 / std::sqrt(static_cast<double>(n)); // how long products of directions are by chance
        Error const four = error_of({n, 4});
        EXPECT_LT(four.deviation, 0.12 * unit) << n;
        EXPECT_LT(std::abs(four.bias), 0.02 * unit) << n;
        Error const eight = error_of({n, 8});
        EXPECT_LT(eight.deviation, 0.02 * unit) << n;
        Error const one = error_of({n, 1});
        EXPECT_LT(one.deviation, 0.9 * unit) << n;
        EXPECT_LT(std::abs(one.bias), 0.1 * unit) << n;
    }
}

TEST(Codes, OfAVectorGiveItsOwnLength) {
    std::mt19937 random(4);
    for (int const bits : {1, 4, 8}) {
        CodeFormat const format{100, bits};
        std::vector<float> vector = direction(100, random);
        for (float &value : vector)
            value *= 3;
        Code code;
        encode(format, vector.data(), code);
        std::vector<std::uint8_t> groups(format.groups() * group_bytes);
        put_lane(groups.data(), 5, code.words);
        CodedQuery const coded(format, vector.data());
        std::int32_t sums[lanes];
        coded.scan(groups.data(), 0, format.groups(), sums);
        EXPECT_NEAR(coded.product(sums[5], code.scale), 9, 0.1);
    }
}

TEST(Codes, ReadBackAreNearTheVector) {
    std::mt19937 random(8);
    std::vector<float> const vector = direction(100, random);
    std::vector<float> back(100);
    for (int const bits : {1, 4, 8}) {
        CodeFormat const format{100, bits};
        Code code;
        Code taken;
        encode(format, vector.data(), code);
        std::vector<std::uint8_t> groups(format.groups() * group_bytes);
        put_lane(groups.data(), 7, code.words);
        taken.words.resize(format.groups());
        take_lane(groups.data(), 7, taken.words);
        EXPECT_EQ(taken.words, code.words);
        decode(format, code, back.data());
        double const cosine = 1 - distance(Metric::cosine, vector.data(), back.data(), 100);
        EXPECT_GT(cosine, bits == 1 ? 0.75 : bits == 4 ? 0.99 : 0.9999) << bits;
        EXPECT_NEAR(product(vector, back), 1, 1e-4) << bits;
    }
}

TEST(Codebook, GivesProductsThatAreNear) {
    std::mt19937 random(9);
    std::vector<float> vectors;
    for (int i = 0; i < 4000; ++i) {
        std::vector<float> const each = direction(30, random);
        vectors.insert(vectors.end(), each.begin(), each.end());
    }
    for (std::size_t const parts : {1U, 7U, 15U, 30U}) {
        CodeFormat const format{30, 6, parts};
        Codebook const book = Codebook::learn(format, vectors, 1);
        std::vector<float> const query = direction(30, random);
        CodedQuery const coded(format, book, query.data());
        std::vector<std::uint8_t> groups(format.groups() * group_bytes);
        std::vector<float> back(30);
        double error = 0;
        for (std::size_t i = 0; i < 200; ++i) {
            std::vector<float> const vector(vectors.data() + i * 30, vectors.data() + i * 30 + 30);
            Code code;
            book.encode(vector.data(), code);
            put_lane(groups.data(), 3, code.words);
            std::int32_t sums[lanes];
            coded.scan(groups.data(), 0, format.groups(), sums);
            book.decode(code, back.data());
            EXPECT_NEAR(coded.product(sums[3], code.scale), product(query, back), 1e-3) << parts;
            error += std::pow(product(query, back) - product(query, vector), 2);
        }
        EXPECT_LT(std::sqrt(error / 200), parts == 30 ? 0.02 : parts == 15 ? 0.06 : 1) << parts;
    }
}

TEST(Codes, OfNothingAreNothing) {
    CodeFormat const format{3, 4};
    std::vector<float> const zero(3);
    Code code;
    encode(format, zero.data(), code);
    EXPECT_EQ(code.scale, 0);
    EXPECT_EQ(code.words, std::vector<std::uint32_t>(1));
    CodedQuery const query(format, zero.data());
    EXPECT_EQ(query.product(100, 1), 0);
}

std::vector<float> around(const std::vector<std::vector<float>> &middles, std::size_t each, float spread,
                          std::mt19937 &random) {
    std::normal_distribution<float> normal;
    std::vector<float> vectors;
    for (std::size_t i = 0; i < each; ++i)
        for (const std::vector<float> &middle : middles)
            for (float const value : middle)
                vectors.push_back(value + spread * normal(random));
    return vectors;
}

TEST(Centroids, AreFoundWhereVectorsAre) {
    std::mt19937 random(5);
    std::vector<std::vector<float>> middles;
    for (int i = 0; i < 20; ++i)
        middles.push_back(direction(32, random));
    std::vector<float> const vectors = around(middles, 50, 0.02F, random);
    for (Metric const metric : {Metric::cosine, Metric::l2, Metric::inner_product}) {
        std::vector<float> const found = find_centroids(metric, vectors, 32, 40, 10, 1);
        Centroids const centroids(metric, 32, found);
        EXPECT_EQ(centroids.size(), 40U);
        std::vector<std::uint32_t> lists(vectors.size() / 32 - 1);
        centroids.nearest_of(std::span(vectors).first(lists.size() * 32), lists.data());
        for (std::size_t i = 0; i < lists.size(); ++i)
            EXPECT_EQ(lists[i], centroids.nearest(vectors.data() + i * 32));
        for (const std::vector<float> &middle : middles) {
            const float *const near = found.data() + centroids.nearest(middle.data()) * 32;
            EXPECT_LT(distance(Metric::l2, middle.data(), near, 32), 0.2);
        }
    }
}

TEST(Centroids, AreRankedByTheirDistance) {
    std::mt19937 random(6);
    for (Metric const metric : {Metric::cosine, Metric::l2, Metric::inner_product}) {
        std::vector<float> middles;
        for (int i = 0; i < 45; ++i) {
            std::vector<float> middle = direction(10, random);
            if (metric != Metric::cosine)
                for (float &value : middle)
                    value *= static_cast<float>(1 + i % 3);
            middles.insert(middles.end(), middle.begin(), middle.end());
        }
        Centroids const centroids(metric, 10, middles);
        std::vector<float> const query = direction(10, random);
        std::vector<std::uint32_t> lists;
        centroids.rank(query.data(), 45, lists);
        ASSERT_EQ(lists.size(), 45U);
        for (std::size_t i = 1; i < lists.size(); ++i)
            EXPECT_LE(distance(metric, query.data(), middles.data() + lists[i - 1] * 10, 10),
                      distance(metric, query.data(), middles.data() + lists[i] * 10, 10) + 1e-5);
        std::vector<std::uint32_t> few;
        centroids.rank(query.data(), 3, few);
        EXPECT_TRUE(std::equal(few.begin(), few.end(), lists.begin()));
    }
}

TEST(Centroids, OfFewVectorsAreTheseAndOfEqualOnesStillSoMany) {
    std::vector<float> const two{1, 0, 0, 1};
    EXPECT_EQ(find_centroids(Metric::l2, two, 2, 10, 5, 1).size(), 4U);
    std::vector<float> const same(200, 1);
    EXPECT_EQ(find_centroids(Metric::cosine, same, 2, 10, 5, 1).size(), 20U);
}

} // namespace
} // namespace steward::core
