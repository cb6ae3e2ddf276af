import { defineConfig } from 'vite'

/** The gateway serves what is built here; `npm run dev` shows it with a gateway on its default port behind it. */
export default defineConfig({
  build: {
    license: { fileName: 'licenses.md' },
    modulePreload: false,
  },
  server: { host: '127.0.0.1', proxy: { '/v1': 'http://127.0.0.1:8000', '/mollmr': 'http://127.0.0.1:8000' } },
})
