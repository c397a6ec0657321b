// Reads objects of the Prometheus operator as a JSON list, and checks them against the schemas of its custom resources.
import { readFileSync } from 'node:fs';
import * as kinds from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';

const objects = JSON.parse(readFileSync(0, 'utf8'));
for (const object of objects) new kinds[object.kind](object).validate();
console.log(`${objects.length} valid`);
