// The page as a tree of plain values, and the changes that make a part of the document equal to it: what stays the same is not
// touched, so that whoever has the focus keeps it.

/// An element: h('td', {class: 'number'}, 'text', child, ...). A `key` tells siblings apart; on* are listeners; null children are left out.
export function h(tag, attributes = {}, ...children) {
    return {tag, attributes, children: children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)};
}

const isText = (node) => typeof node !== 'object';
const keyOf = (node) => (isText(node) ? '#text' : `${node.tag} ${node.attributes.key ?? ''}`);

function keyOfElement(element) {
    return element.nodeType === Node.TEXT_NODE ? '#text' : `${element.localName} ${element.stewardKey ?? ''}`;
}

function setAttribute(element, name, value) {
    if (name === 'key') {
        element.stewardKey = value;
    } else if (name.startsWith('on')) {
        element[name] = value;
    } else if (name === 'width') { // a share, of what stands around
        element.style.width = `${Math.max(0, Math.min(100, value * 100))}%`;
    } else if (value === null || value === undefined || value === false) {
        element.removeAttribute(name);
    } else if (element.getAttribute(name) !== String(value === true ? '' : value)) {
        element.setAttribute(name, value === true ? '' : value);
    }
}

function create(node) {
    if (isText(node))
        return document.createTextNode(String(node));
    const element = document.createElement(node.tag);
    update(element, node);
    return element;
}

function update(element, node) {
    if (isText(node)) {
        if (element.data !== String(node))
            element.data = String(node);
        return;
    }
    for (const name of element.getAttributeNames())
        if (!(name in node.attributes) && name !== 'style')
            element.removeAttribute(name);
    for (const [name, value] of Object.entries(node.attributes))
        setAttribute(element, name, value);
    fill(element, node.children);
}

/// Makes `nodes` the children of an element.
export function fill(element, nodes) {
    const old = new Map();
    for (const child of element.childNodes) {
        const key = keyOfElement(child);
        if (!old.has(key))
            old.set(key, []);
        old.get(key).push(child);
    }
    let next = element.firstChild;
    for (const node of nodes) {
        const same = old.get(keyOf(node))?.shift();
        if (same)
            update(same, node);
        const child = same ?? create(node);
        if (child === next)
            next = next.nextSibling;
        else
            element.insertBefore(child, next);
    }
    for (const left of old.values())
        for (const child of left)
            child.remove();
}

/// A table whose numbers stand below one another. Columns are [title, row -> content, 'number' or a class].
export function table(caption, columns, rows, keyed) {
    return h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption},
        h('table', {},
            h('caption', {}, caption),
            h('thead', {}, h('tr', {}, columns.map(([title, , kind]) => h('th', {scope: 'col', class: kind ?? null, key: title}, title)))),
            h('tbody', {}, rows.map((row) => h('tr', {key: keyed(row)},
                columns.map(([title, content, kind], i) => h(i === 0 ? 'th' : 'td',
                    i === 0 ? {scope: 'row', key: title} : {class: kind ?? null, key: title}, content(row))))))));
}

/// What a part says while it has nothing to show, and what to do about it.
export function empty(text, command) {
    return h('p', {class: 'empty'}, text, command ? [' ', h('code', {}, command)] : null);
}
