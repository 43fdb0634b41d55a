import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';

import { findFreePort } from '../ports';
import { ensureProgram } from '../setup/debian';
import { startServer, type Server } from './server';

/** Sends production webhooks to the webhook processes in turn, all else to the main process. */
export interface Balancer extends Server {
	url: string;
}

export async function startBalancer(ports: {
	main: number;
	webhooks: number[];
}): Promise<Balancer> {
	const program = await ensureProgram('nginx', 'nginx');
	const port = await findFreePort();
	const url = `http://127.0.0.1:${port}`;
	const server = await startServer({
		name: 'nginx',
		program,
		user: 'www-data',
		args: (folder) => ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
		prepare: async (folder) =>
			await writeFile(join(folder, 'nginx.conf'), buildConfiguration(folder, port, ports)),
		isReady: () =>
			axios
				.get(`${url}/balancer`, { proxy: false, timeout: 2_000 })
				.then(({ status }) => status === 204),
	});
	return { ...server, url };
}

const buildConfiguration = (
	folder: string,
	port: number,
	{ main, webhooks }: { main: number; webhooks: number[] },
) => `daemon off;
pid ${folder}/nginx.pid;
worker_processes 1;
events { worker_connections 8192; }
worker_rlimit_nofile 20000;
http {
	access_log off;
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	client_max_body_size 20m;
	upstream main { server 127.0.0.1:${main}; }
	# A process that cannot be reached is left out for a second. What has been sent to one is not sent to another.
	upstream webhooks {
${webhooks.map((webhook) => `		server 127.0.0.1:${webhook} max_fails=1 fail_timeout=1s;`).join('\n')}
	}
	server {
		listen 127.0.0.1:${port} backlog=4096;
		proxy_http_version 1.1;
		proxy_set_header Host $http_host;
		proxy_set_header Upgrade $http_upgrade;
		proxy_set_header Connection $http_connection;
		proxy_connect_timeout 2s;
		location = /balancer { return 204; }
		location /webhook/ { proxy_pass http://webhooks; }
		location / { proxy_pass http://main; }
	}
}
`;
