import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './styles.css'

const page = document.getElementById('page')
if (!page) throw new Error('index.html has no place for the page.')
createRoot(page).render(<App />)
