// Lines over time, drawn by uPlot, in the colours of the page.
/* global uPlot */

import {seconds, number} from '/format.js';

const colours = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'];
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axes(format) {
    const common = {stroke: style('--quiet'), grid: {stroke: style('--rule'), width: 1}, ticks: {stroke: style('--rule'), width: 1}};
    return [{...common}, {...common, size: 64, values: (chart, ticks) => ticks.map(format)}];
}

/// A chart that is made anew when its lines or the colours of the page change, and otherwise gets new numbers.
class Chart {
    constructor(element, format) {
        this.element = element;
        this.format = format;
        this.names = null;
        new ResizeObserver(() => this.plot?.setSize(this.size())).observe(element);
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.make());
    }

    size() {
        return {width: Math.max(240, this.element.clientWidth), height: 200};
    }

    make() {
        this.plot?.destroy();
        this.element.textContent = '';
        if (!this.names)
            return;
        const value = (chart, raw) => (raw === null || raw === undefined ? '\u2013' : this.format(raw));
        this.plot = new uPlot({
            ...this.size(), axes: axes(this.format), legend: {live: true}, cursor: {y: false},
            scales: {x: {range: () => this.span}, y: {range: (chart, least, most) => [0, most > 0 ? most * 1.1 : 1]}},
            series: [{}, ...this.names.map((label, i) => ({label, value, stroke: style(colours[i % colours.length]), width: 2, spanGaps: false,
                points: {size: 4}}))],
        }, this.data, this.element);
    }

    /// `lines`: name -> points with `at`; a point of a line where it has none is a gap. `span`: from when to when, in seconds since 1970.
    show(lines, valueOf, span) {
        this.span = span;
        const names = Object.keys(lines);
        const times = [...new Set(Object.values(lines).flat().map((point) => Date.parse(point.at) / 1000))].sort((a, b) => a - b);
        this.data = [times, ...names.map((name) => {
            const values = new Map(lines[name].map((point) => [Date.parse(point.at) / 1000, valueOf(point)]));
            return times.map((time) => values.get(time) ?? null);
        })];
        if (JSON.stringify(names) === JSON.stringify(this.names) && this.plot) {
            this.plot.setData(this.data);
            return;
        }
        this.names = names.length > 0 ? names : null;
        this.make();
    }
}

const latency = new Chart(document.getElementById('latency'), seconds);
const throughput = new Chart(document.getElementById('throughput'), number);

/// `lines`: component -> points of metric_points(), over a span of seconds since 1970.
export function showComponents(lines, stepSeconds, span) {
    latency.show(lines, (point) => point.p95, span);
    throughput.show(lines, (point) => point.n / stepSeconds, span);
}
