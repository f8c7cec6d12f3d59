"""The simulated EventBridge Scheduler: schedules that are kept, and that really fire. No HTTP and no moto in here."""
