"""What a load loses by rounds of the monitor: lines "on|off TPS ROUNDS on|off TPS ROUNDS", a pair of turns each; argument: seconds of a turn."""
import math
import statistics
import sys

seconds = float(sys.argv[1])
losses, rounds, idle, rates = [], 0, 0, []
for line in sys.stdin:
    words = line.split()
    turns = {words[0]: words[1:3], words[3]: words[4:6]}
    losses.append(math.log(float(turns["off"][0]) / float(turns["on"][0])))
    rounds += int(turns["on"][1])
    idle += int(turns["off"][1])
    rates.append(float(turns["off"][0]))

# The machine may do other things in a turn, so by ranks: the median of the means of any two pairs, with its interval as of Wilcoxon's
# signed-rank test.
n = len(losses)
means = sorted((losses[i] + losses[j]) / 2 for i in range(n) for j in range(i, n))
spread = 1.96 * math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
first = max(0, math.floor(len(means) / 2 - spread))
loss, low, high = (statistics.median(means), means[first], means[-1 - first])
each = rounds / n / seconds
print(f"{n} pairs of turns of {seconds:g} s, {statistics.median(rates):.0f} scores a second: {each:.2f} rounds a second cost {100 * loss:.2f} % of them"
      f" (95 %: {100 * low:.2f} to {100 * high:.2f}); {idle} rounds in turns without")
low, loss, high = (share / each / 60 for share in (low, loss, high))
print(f"one round a minute costs {100 * loss:.4f} % (95 %: {100 * low:.4f} to {100 * high:.4f})")
print(f"BOUND {max(high, 1e-5):.8f}")
