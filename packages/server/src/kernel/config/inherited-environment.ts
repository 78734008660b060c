const names = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'SYSTEMROOT',
  'COMSPEC',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
] as const
const prefixes = ['LC_', 'PIP_', 'UV_', 'PYENV_', 'OMP_', 'XDG_', 'CUDA_', 'NVIDIA_'] as const

/** What child processes that run other people's code see of our environment: where programs, certificates and proxies are, never our settings and secrets. */
export function inheritedEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (
      value !== undefined &&
      ((names as readonly string[]).includes(name) || prefixes.some((prefix) => name.startsWith(prefix)))
    )
      kept[name] = value
  }
  return kept
}
