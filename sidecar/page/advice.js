// What doctor() advises: what is not well, what helps, and a button where a call does it.

import {empty, h} from '/dom.js';
import {clock} from '/format.js';

/// `at` is when they were looked at; `act.apply(check)` is called by the button of one.
export function advice(checks, at, act) {
    if (checks === null)
        return [empty('Nothing has been looked at yet.')];
    const all = `${checks.length} checks at ${clock(at)}`;
    const wrong = checks.filter((check) => check.state !== 'ok').sort((a, b) => a.state.localeCompare(b.state) || a.name.localeCompare(b.name));
    if (wrong.length === 0)
        return [h('p', {class: 'quiet', key: 'well'}, `All is well: ${all}.`)];
    return [
        h('ul', {class: 'advice', key: 'wrong'}, wrong.map((check) => h('li', {key: check.name},
            h('span', {class: `badge ${check.state === 'error' ? 'critical' : 'warning'}`}, check.state), ' ', h('strong', {}, check.name), ' ',
            h('span', {}, check.detail), ' ', check.hint ? h('span', {class: 'quiet'}, check.hint) : null,
            check.command ? h('p', {}, h('code', {}, check.command), ' ',
                check.can_apply ? h('button', {type: 'button', onclick: () => act.apply(check), 'aria-label': `Apply to ${check.name}`}, 'Apply') : null) : null))),
        h('p', {class: 'quiet', key: 'all'}, `${wrong.length} of ${all}.`),
    ];
}

/// Shows a statement and asks whether it is to be run.
export function ask(statement) {
    const dialog = document.getElementById('ask');
    document.getElementById('ask-statement').textContent = statement;
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((answered) => dialog.addEventListener('close', () => answered(dialog.returnValue === 'yes'), {once: true}));
}
