// How a long loop of the core learns that it should end, without knowing who asks.
#pragma once

namespace steward::core {

/// A check that a long loop calls about every millisecond of work. The check throws to end the loop
/// (the border injects one that turns a query cancel into an exception); by default it does nothing.
class Stop {
  public:
    using Check = void (*)();

    constexpr explicit Stop(Check check = nullptr) noexcept : check_(check) {}

    void operator()() const {
        if (check_ != nullptr)
            check_();
    }

  private:
    Check check_;
};

} // namespace steward::core
