"""Documents of parallel jobs, as people write them."""

from __future__ import annotations

#: Shaped after the documentation's own example, its misspelled argument included.
PIPELINE = """\
$schema: https://example.org/pipelineJob.schema.json
type: pipeline
display_name: iris
description: inline parallel job
tags: {tag: v}
settings: {default_compute: "azureml:cpu"}
inputs:
  raw: {type: uri_folder, path: ./data}
  threshold: 0.5
jobs:
  prepare:
    type: command
    command: echo
  score:
    type: parallel
    compute: azureml:cpu-cluster
    inputs:
      input_data: ${{parent.inputs.raw}}
      score_model: {type: uri_folder, path: ./model, mode: download}
      t: ${{parent.inputs.threshold}}
      labels: {type: uri_folder, optional: true}
    outputs:
      job_output_file: {type: uri_file, mode: rw_mount}
      debug_info: {type: uri_folder}
    input_data: ${{inputs.input_data}}
    mini_batch_size: "12"
    resources: {instance_count: 2}
    max_concurrency_per_instance: 2
    logging_level: "DEBUG"
    mini_batch_error_threshold: 5
    retry_settings: {max_retries: 2, timeout: 60}
    environment_variables: {K: v}
    task:
      type: run_function
      code: "./code"
      entry_script: score.py
      environment:
        name: "prs-env"
        version: 1
        image: example.org/image
        conda_file: ./env.yml
      program_arguments: >-
        --model ${{ inputs.score_model }}
        --error_threshold 5
        --allowed_failed_percent 30
        --task_overhead_timeout 1200
        --progress_update_timeout 600
        --first_task_creation_timeout 600
        --copy_logs_to_parent True
        --resource_monitor_interva 20
        --t=${{inputs.t}}
        $[[--labels ${{inputs.labels}}]]
        $[[--opt ${{inputs.t}}]]
        --debug ${{outputs.debug_info}}
        --text 'two words'
      append_row_to: ${{outputs.job_output_file}}
"""

#: A step of it says everything by expressions.
EXPRESSIONS = """\
type: pipeline
inputs:
  raw: {type: uri_folder, path: ./data}
  many: 4
  bad: many
outputs:
  scored: {type: uri_file, path: ./out/scored.csv}
jobs:
  score:
    type: parallel
    compute: ${{parent.inputs.many}}
    inputs:
      data: ${{parent.inputs.raw}}
      below: {type: uri_folder, path: "${{parent.inputs.raw}}/de"}
      lent: {type: uri_folder, path: ./model}
      cloud: {type: uri_folder, path: "azureml:d:1"}
      n: 7
      level: debug
      seconds: {value: 5}
      none: {type: uri_folder, optional: true}
    outputs:
      rows: ${{parent.outputs.scored}}
      more: {type: uri_folder}
    input_data: ${{inputs.data}}
    mini_batch_size: "${{inputs.n}}"
    max_concurrency_per_instance: ${{ parent.inputs.many }}
    error_threshold: ${{inputs.n}}
    mini_batch_error_threshold: ${{parent.inputs.many}}
    logging_level: ${{inputs.level}}
    retry_settings: {timeout: "${{inputs.seconds}}", max_retries: "${{inputs.n}}"}
    resources: {instance_count: "${{inputs.n}}"}
    environment_variables:
      LENT: ${{inputs.lent}}
      BELOW: ${{inputs.below}}
      MIXED: ${{inputs.level}}-${{parent.inputs.many}}
      ROWS: ${{outputs.rows}} ${{parent.outputs.scored}}
    task:
      type: run_function
      code: ./code
      entry_script: score.py
      program_arguments: >-
        --n ${{inputs.n}} --below ${{inputs.below}} --task_overhead_timeout ${{inputs.seconds}}
      append_row_to: ${{outputs.rows}}
"""

COMPONENT = """\
$schema: https://example.org/parallelComponent.schema.json
name: batch
version: 1
type: parallel
is_deterministic: false
inputs:
  data: {type: uri_folder}
  labels: {type: uri_folder, optional: true}
  rate: {type: number, default: 3}
outputs: {rows: {type: uri_file}}
resources: {instance_count: -1}
mini_batch_size: "4"
input_data: ${{inputs.data}}
task:
  type: run_function
  code: .
  entry_script: score.py
  program_arguments: --rate ${{inputs.rate}} $[[--labels ${{inputs.labels}}]]
  append_row_to: ${{outputs.rows}}
"""

USING = """\
type: pipeline
jobs:
  score:
    type: parallel
    component: file:./code/component.yml
    inputs: {data: {type: uri_folder, path: data}, rate: 7}
    mini_batch_size: 9
"""

BOUND_COMPONENT = """\
type: parallel
inputs:
  data: {type: uri_folder}
  n: {type: integer, default: 3}
  flag: {type: string, optional: true}
mini_batch_size: ${{inputs.n}}
error_threshold: ${{inputs.n}}
input_data: ${{inputs.data}}
environment_variables: {DATA: "${{inputs.data}}"}
task:
  type: run_function
  code: .
  entry_script: score.py
  program_arguments: $[[--flag ${{inputs.flag}}]] x
"""

BINDING = """\
type: pipeline
inputs: {raw: {type: uri_folder, path: data}, m: 8}
jobs:
  score:
    type: parallel
    component: ./code/component.yml
    inputs: {data: "${{parent.inputs.raw}}", n: "${{parent.inputs.m}}"}
    mini_batch_size: ${{parent.inputs.m}}
"""
