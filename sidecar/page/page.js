// Shows the values that the program streams, as they are.
'use strict';

const state = document.getElementById('state');
const dashboard = document.getElementById('dashboard');
const events = new EventSource('/api/v1/events');

events.addEventListener('dashboard', (event) => {
    dashboard.textContent = JSON.stringify(JSON.parse(event.data), null, 2);
});
events.addEventListener('state', (event) => {
    const now = JSON.parse(event.data);
    state.textContent = now.database === 'up' ? 'Live.' : 'The database does not answer; these are the last values.';
});
events.addEventListener('error', () => {
    state.textContent = 'No connection.';
});
