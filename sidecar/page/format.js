// Numbers as people read them. What is not known is a dash.

const dash = '\u2013';

const rounded = (number, digits = 3) => {
    const text = Number(number.toPrecision(digits));
    return Math.abs(text) >= 1000 ? text.toLocaleString('en', {maximumFractionDigits: 0}) : String(text);
};

const known = (format) => (value) =>
    (value === null || value === undefined || !Number.isFinite(Number(value)) ? dash : format(Number(value)));

export const count = known((value) => Math.round(value).toLocaleString('en'));
export const number = known((value) => rounded(value));
export const share = known((value) => `${rounded(value * 100)} %`);
export const signedShare = known((value) => `${value > 0 ? '+' : ''}${rounded(value * 100, 2)} %`);

export const seconds = known((value) => {
    const size = Math.abs(value);
    if (size === 0)
        return '0 s';
    if (size < 1e-3)
        return `${rounded(value * 1e6)} \u00b5s`;
    if (size < 1)
        return `${rounded(value * 1e3)} ms`;
    if (size < 120)
        return `${rounded(value)} s`;
    if (size < 7200)
        return `${rounded(value / 60)} min`;
    return size < 172800 ? `${rounded(value / 3600)} h` : `${rounded(value / 86400)} days`;
});

export const bytes = known((value) => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    let size = value;
    while (Math.abs(size) >= 1024 && unit < units.length - 1) {
        size /= 1024;
        unit += 1;
    }
    return `${rounded(size)} ${units[unit]}`;
});

/// A value in a unit as the database names it.
export const inUnit = (value, unit) => {
    const formats = {seconds, s: seconds, bytes, share, percent: (v) => `${number(v)} %`, hertz: (v) => `${number(v)} Hz`};
    if (unit in formats)
        return formats[unit](value);
    return unit ? `${number(value)} ${unit}` : number(value);
};

export const windowName = (length) => {
    const value = Number(length);
    if (!Number.isFinite(value))
        return '';
    if (value >= 86400 && value % 86400 === 0)
        return value === 86400 ? '1 day' : `${value / 86400} days`;
    if (value >= 3600 && value % 3600 === 0)
        return value === 3600 ? '1 hour' : `${value / 3600} hours`;
    return value >= 60 && value % 60 === 0 ? `${value / 60} min` : seconds(value);
};

export const clock = (at) => (at ? new Date(at).toLocaleString('en-GB', {dateStyle: 'short', timeStyle: 'short'}) : dash);

/// How long ago, by the clock of the database.
export const age = (at, now) => (at ? `${seconds(Math.max(0, (new Date(now) - new Date(at)) / 1000))} ago` : dash);
