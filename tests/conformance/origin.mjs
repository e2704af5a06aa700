// Starts the suite's origin server on a free port of the loopback interface and nowhere else:
// by itself it would listen on every interface. The port is in the line it prints.

import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const root = process.argv[2]
const listen = http.Server.prototype.listen
http.Server.prototype.listen = function () {
  return listen.call(this, 0, '127.0.0.1')
}
process.env.npm_config_protocol = 'http'
process.env.npm_config_port = '0'
process.env.npm_config_pidfile = '/dev/null'

const nested = fs.existsSync(path.join(root, 'test-engine'))
const server = path.join(root, nested ? 'test-engine' : '', 'server/server.mjs')
await import(pathToFileURL(server).href)
