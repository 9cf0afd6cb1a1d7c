#include "sidecar/http/service.hpp"

#include <stdexcept>

namespace steward::sidecar::http {

live::ChoreSettings Service::chore_settings() {
    live::ChoreSettings wanted;
    wanted.role = gate.own_role("steward_sidecar");
    wanted.sends_alerts = settings.webhooks;
    wanted.secrets = settings.webhook_secrets;
    wanted.each_second = [this] { database_metrics.keep_fresh(); };
    for (std::string const &text : settings.webhook_allow) {
        auto const range = deliver::parse_range(text);
        if (!range)
            throw std::runtime_error("a range of addresses is like 10.1.2.0/24, not " + text);
        wanted.allowed.push_back(*range);
    }
    return wanted;
}

} // namespace steward::sidecar::http
