import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

const server = process.env['TRIVIUM_URL'] ?? 'http://127.0.0.1:4100'
const port = Number(process.env['TRIVIUM_WEB_PORT'] ?? process.env['PORT'] ?? 5173)
const proxied = ['/api', '/healthz', '/readyz', '/version', '/v2', '/deployments', '/invocations']

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['trivium-source', ...defaultClientConditions] },
  server: {
    host: '127.0.0.1',
    port,
    strictPort: port !== 0,
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: server }])),
  },
  build: {
    target: 'es2023',
    sourcemap: false,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            {
              name: 'tables',
              test: /node_modules[\\/]@tanstack[\\/](react-table|table-core|react-virtual|virtual-core)/,
            },
          ],
        },
      },
    },
  },
})
