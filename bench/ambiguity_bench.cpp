// Speed of the matcher and of the ambiguity score on one core, over a file of texts.
//   ambiguity_bench phrases           prints the phrases of the lexicon iso, one a line
//   ambiguity_bench hits FILE         prints how many phrases count in the lines of FILE
//   ambiguity_bench speed FILE [...]  runs the benchmarks; further arguments are Google Benchmark's
#include <cstddef>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/score/ambiguity.hpp"
#include "core/score/lexicon.hpp"

namespace {

using namespace steward::core;

using Texts = std::vector<std::string>;

Texts read_lines(const char *path) {
    Texts lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

void print_phrases() {
    for (const LexiconClass &group : default_lexicon().definition().classes)
        for (std::string_view const phrase : group.phrases)
            std::cout << phrase << '\n';
}

std::size_t count_hits(const Texts &texts) {
    std::size_t hits = 0;
    for (const std::string &text : texts)
        find_ambiguities(text, default_lexicon(), Encoding::utf8, Stop{}, [&](const Finding &) { ++hits; });
    return hits;
}

/// Every occurrence of every phrase with its place, before the longest ones are chosen.
void matcher_scan(benchmark::State &state, const Texts &texts) {
    const Matcher &matcher = default_lexicon().matcher();
    for (auto _ : state) {
        std::size_t found = 0;
        for (const std::string &text : texts)
            matcher.scan(text, Encoding::utf8, Stop{}, [&](const Match &match) { found += match.end; });
        benchmark::DoNotOptimize(found);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
}

void ambiguity_score(benchmark::State &state, const Texts &texts) {
    for (auto _ : state) {
        double sum = 0.0;
        for (const std::string &text : texts)
            sum += ambiguity(text, default_lexicon(), Encoding::utf8);
        benchmark::DoNotOptimize(sum);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
}

} // namespace

int main(int argc, char **argv) {
    std::string const mode = argc > 1 ? argv[1] : "";
    if (mode == "phrases") {
        print_phrases();
        return 0;
    }
    if (argc < 3 || (mode != "hits" && mode != "speed")) {
        std::cerr << "usage: ambiguity_bench phrases | hits FILE | speed FILE [OPTION ...]\n";
        return 2;
    }
    Texts const texts = read_lines(argv[2]);
    if (mode == "hits") {
        std::cout << count_hits(texts) << '\n';
        return 0;
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RegisterBenchmark("scan", [&](benchmark::State &state) { matcher_scan(state, texts); });
    benchmark::RegisterBenchmark("score", [&](benchmark::State &state) { ambiguity_score(state, texts); });
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
