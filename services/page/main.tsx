import { render } from 'preact';
import { App } from './app.tsx';
import { returnToPlace } from './place.ts';

returnToPlace();
const page = document.getElementById('page');
if (page !== null) render(<App />, page);
