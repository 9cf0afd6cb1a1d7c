// Who is logged in, and requests to the program.

let session = {level: null, csrf: null};

async function problemOf(response) {
    try {
        const problem = await response.json();
        return [problem.detail ?? problem.title, problem.hint].filter(Boolean).join(' ');
    } catch {
        return `The program answered ${response.status}.`;
    }
}

export async function read(path) {
    const response = await fetch(path, {headers: {Accept: 'application/json'}});
    if (!response.ok)
        throw Object.assign(new Error(await problemOf(response)), {status: response.status});
    return response.json();
}

/// Posts JSON, with the token against forged requests. Fails with status 401 or 403 if somebody has to log in first.
export async function write(path, body = {}) {
    const headers = {'Content-Type': 'application/json'};
    if (session.csrf)
        headers['X-CSRF-Token'] = session.csrf;
    const response = await fetch(path, {method: 'POST', headers, body: JSON.stringify(body)});
    if (!response.ok)
        throw Object.assign(new Error(await problemOf(response)), {status: response.status});
    return response.status === 204 ? null : response.json();
}

/// Who is logged in; null if a token is needed even to read.
export async function whoIsThere() {
    try {
        session = await read('/api/v1/session');
    } catch (error) {
        if (error.status !== 401)
            throw error;
        session = {level: null, csrf: null};
        return null;
    }
    return session;
}

export async function logIn(token) {
    const response = await fetch('/login', {method: 'POST', headers: {Accept: 'application/json'}, body: new URLSearchParams({token})});
    if (!response.ok)
        throw new Error(await problemOf(response));
    session = await response.json();
    return session;
}

export async function logOut() {
    await fetch('/logout', {method: 'POST', headers: {'X-CSRF-Token': session.csrf ?? ''}});
    session = {level: null, csrf: null};
}
